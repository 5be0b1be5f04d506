/** What engines and routers said in runs that were recorded, and what must come through to the core as it is. */

export const CONTAINERS = `["/cd-tasks.staging-g6-1.t7","running",0,false,0,"sha256:bfad6018c5df28670148f95f3b17d9097f577c38a0927752124a2b832a4eba55",null,"instance","6","1","11","sha256:e4de62d03a1d10098fd4bbca126ba021916be8cd8c420ef2f89589f21d90501d","a7e65ad98c07c04b44358f30a97cf77b8d2f15b93d845c4fbf5f4b5266ac78b3"]
["/cd-tasks.staging-g7-1.t8","exited",137,true,2,"sha256:851266c83651b5bc9fcf69b50b1b9a229b0cc1c1ed42f98a1adb99ede93b3383","unhealthy","instance","7","1","10","sha256:8c4a0b586901dbb95d720574d15e418220bbf4ee078b90b2d6debf77cebae5eb","f0c9e3f976873451397417ad5ac9fb85daf099ec4fc9e64fd3cb079d973d260b"]
["/cd-tasks.staging-router","created",0,false,0,"sha256:ea47ae2c518891fed3f45fc8a68d36131a0fd9fcaa764fdc55df3e0e9f4907f0","starting","router","","","","",""]
`;

export const IMAGE = `["sha256:851266c83651b5bc9fcf69b50b1b9a229b0cc1c1ed42f98a1adb99ede93b3383",["127.0.0.1:5000/demo/tasks@sha256:8c4a0b586901dbb95d720574d15e418220bbf4ee078b90b2d6debf77cebae5eb"],["127.0.0.1:5000/demo/tasks:v2"],null,null]
`;

export const STATE = `file state 551
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
4 app 3 g6-1 172.18.0.11 2 0 256 0 5 15 3 3 6 0 0 0 - 8000 - 0 0 - - 0
4 app 2 g6-1.r 172.18.0.11 2 0 256 256 2 1 0 0 0 0 0 0 - 8000 - 0 0 - - 0
4 app 1 g7-1 172.18.0.10 0 1 0 0 0 1 0 0 6 0 0 0 - 8000 - 0 0 - - 0


result=done
`;

export const STAT = `file stat 2116
# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,-,
app,g8-1,0,0,0,1,,7,637,763,,0,,0,0,0,0,UP,256,1,0,0,0,723,0,,1,4,1,,0,,2,0,,3,L7OK,200,0,0,7,0,0,0,0,0,,,7,0,0,,,,,719,,,0,0,2,2,,,,Layer7 check passed,,1,3,3,,,,172.18.0.10:8000,,http,,,,,,,,0,7,0,,,0,0,0,0,8,8,0,0,0,0,1,256,,,,-,
app,g8-1.r,0,0,0,0,,0,0,0,,0,,0,0,0,0,no check,256,0,1,,,719,,,1,4,2,,0,,2,0,,0,,,,0,0,0,0,0,0,,,,0,0,0,,,,,-1,,,0,0,0,0,,,,,,,,,,,,172.18.0.10:8000,,http,,,,,,,,0,0,0,,,0,0,0,0,0,0,0,0,0,0,0,256,,,,-,
`;

const LEASE = `token 8
holder local:root@vm:22626-1795349825534
until 489951
boot 22e17ff0-83ab-4a9f-bf5a-63c08a9ac134
since 1795349825
run -
`;

const PAGE = 'HTTP/1.0 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"healthy": true}';

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What each of the scripts inside the router may say. */
export const SCRIPTS = `base64 lease ${base64(LEASE)}
result=open token=8 left=59000
result=held token=9 holder=local:root@vm:22626-1795349825534 since=1795349825 run=- left=4000
result=fenced token=9 holder=- since=0 run=-
result=refused words=No such server.
result=unreachable
result=lock-timeout
result=missing tools= flock nc
result=forked segment=000001
result=invalid
result=not-up
pending g7-1 L7STS
pending g7-1 missing
pending g7-1 DOWN/L4CON
lingering g6-1 3
reached g6-1.b
unreached g6-1.b
answer g8-1 ${base64(PAGE)}
result=done
`;
